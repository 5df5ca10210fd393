void op_copy(const Space&);
void op_move(const Space&);
