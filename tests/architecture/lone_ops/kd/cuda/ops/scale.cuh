void op_scale(const Space&);
