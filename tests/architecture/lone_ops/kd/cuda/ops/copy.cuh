inline void op_copy(const Space&);
void op_count_good_step(const Space&);
