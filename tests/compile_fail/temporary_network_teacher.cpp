// SPDX-License-Identifier: MIT
// expect-first: a temporary network would be gone before it teaches
#include <kd/distill.hpp>

using Net = kd::Network<kd::Sequential<kd::Linear<784, 10>>>;

void make() { kd::NetworkTeacher teacher(Net(kd::Rng(0)), kd::TeacherMode::training); }
