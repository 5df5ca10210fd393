inline void op_copy(const Space&);
void op_linear_relu_forward(const Space&);
