/* SPDX-License-Identifier: MIT
 *
 * A student on a device: reads images of 784 bytes from standard input, one behind the other, and
 * prints the digit of each. student.h and student.c are what mnist_distill --export-c student
 * --int8 yes wrote; nothing else of kd is here.
 */
#include <stdio.h>
#include <string.h>

#include "student.h"

static int8_t in[STUDENT_INPUTS];
static int8_t out[STUDENT_OUTPUTS];
static unsigned char arena[STUDENT_ARENA_BYTES];

/* The class of the largest logit. */
static int digit_of(const unsigned char *image) {
  int largest = 0;
  for (int i = 0; i < STUDENT_INPUTS; ++i) in[i] = STUDENT_OF_BYTE(image[i]);
  student_run(in, out, arena);
  for (int i = 1; i < STUDENT_OUTPUTS; ++i)
    if (out[i] > out[largest]) largest = i;
  return largest;
}

int main(int count, char **arguments) {
  static unsigned char image[STUDENT_INPUTS];
  size_t got;
#ifdef STUDENT_SELF_TEST
  if (count == 2 && strcmp(arguments[1], "--self-test") == 0) {
    const int32_t wrong = student_self_test(arena);
    if (wrong != 0) fprintf(stderr, "self test: output %d is wrong\n", (int)wrong - 1);
    return wrong != 0;
  }
#endif
  if (count == 2 && strcmp(arguments[1], "--sizes") == 0) {
    printf("constants %d bytes, arena %d bytes, input and output %d bytes, %d multiplications\n",
           STUDENT_CONSTANT_BYTES, STUDENT_ARENA_BYTES, STUDENT_INPUTS + STUDENT_OUTPUTS,
           STUDENT_MULTIPLICATIONS);
    return 0;
  }
  if (count != 1) {
    fprintf(stderr, "usage: device [--sizes] < images of %d bytes\n", STUDENT_INPUTS);
    return 2;
  }
  while ((got = fread(image, 1, sizeof image, stdin)) == sizeof image)
    printf("%d\n", digit_of(image));
  if (got != 0) {
    fprintf(stderr, "device: expected images of %d bytes, the last has %d\n", STUDENT_INPUTS,
            (int)got);
    return 1;
  }
  return 0;
}
