KD_TEMPLATE void op_copy(const Space&);
