// SPDX-License-Identifier: MIT
//
// What a value on a command line may be.

#include "values.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace example;

TEST_CASE("whole numbers are digits, and decimal", "[values]") {
  const Expected<std::uint64_t> any = whole_number(0, most_seeds);
  CHECK(any.words == "a whole number from 0 to 18446744073709551615");
  CHECK(any.read("0") == 0);
  CHECK(any.read("010") == 10);
  CHECK(any.read("0000000000000000000000000000009") == 9);
  CHECK(any.read("18446744073709551615") == most_seeds);
  for (const char* bad :
       {"", " ", "1 ", " 1", "0x10", "0b1", "1e3", "1.0", "1,000", "-0", "-1", "+1", "one", "nan",
        "inf", "18446744073709551616", "99999999999999999999999"})
    CHECK_FALSE(any.read(bad));
  CHECK_FALSE(any.read(std::string("1\0", 2)));

  const Expected<std::uint64_t> few = whole_number(1, 1024);
  CHECK(few.read("1") == 1);
  CHECK(few.read("1024") == 1024);
  CHECK_FALSE(few.read("0"));
  CHECK_FALSE(few.read("1025"));
}

TEST_CASE("numbers are decimal, finite and not negative", "[values]") {
  for (const auto& expected : {positive_number(), number_from_zero()}) {
    CHECK(expected.read("1") == 1);
    CHECK(expected.read("0.25") == 0.25);
    CHECK(expected.read(".5") == 0.5);
    CHECK(expected.read("010.5") == 10.5);
    CHECK(expected.read("1e-3") == 1e-3);
    CHECK(expected.read("3E+38") == 3e38);
    CHECK(expected.read("2e-38") == 2e-38);
    // Beyond the last ones a float is 0 or infinite.
    for (const char* bad :
         {"",      " ",      " 1",  "1 ",       "1x", "1e",   "e1",    "1.5.5",  "1,5",
          "0x10",  "nan",    "inf", "infinity", "-0", "-0.0", "-1",    "-1e-9",  "--1",
          "1e400", "1e-400", "1-1", "+",        ".",  "1e39", "1e-39", "3.5e38", "1d3"})
      CHECK_FALSE(expected.read(bad));
  }
  CHECK_FALSE(positive_number().read("0"));
  CHECK(number_from_zero().read("0") == 0);
  CHECK(number_from_zero().read("0e5") == 0);
}

TEST_CASE("a share is below one as a float, too", "[values]") {
  const Expected<double> share = number_from_zero_to_below_one();
  CHECK(share.read("0") == 0);
  CHECK(share.read("0.999") == 0.999);
  for (const char* bad : {"1", "0.999999999", "-0.1", "1e9", ""}) CHECK_FALSE(share.read(bad));
}

TEST_CASE("choices, names and lists", "[values]") {
  const Expected<std::string> choice = one_of({"tuned", "article"});
  CHECK(choice.placeholder == "{tuned,article}");
  CHECK(choice.words == "tuned or article");
  CHECK(choice.read("article") == "article");
  for (const char* bad : {"", "Tuned", "tuned ", "tune"}) CHECK_FALSE(choice.read(bad));

  const Expected<std::string> file = name_of("file", "FILE");
  CHECK(file.words == "the name of a file");
  CHECK(file.read("./--seed") == "./--seed");
  CHECK(file.read(" ") == " ");
  CHECK(file.read("-") == "-");
  CHECK_FALSE(file.read(""));
  CHECK_FALSE(file.read("--seed"));

  CHECK(list("A,B").read("one,two words") == std::vector<std::string>{"one", "two words"});
  for (const char* bad : {"", ",", "a,", ",a", "a,,b", "--seed"})
    CHECK_FALSE(list("A,B").read(bad));
}

TEST_CASE("values are shown so that they can be seen", "[values]") {
  CHECK(shown("") == "nothing");
  CHECK(shown("1e400") == "1e400");
  CHECK(shown(" 1") == "\" 1\"");
  CHECK(shown("a\nb") == "\"a\nb\"");
  CHECK(shown(std::string(1000, 'a')) == std::string(60, 'a') + "...");
}

TEST_CASE("sizes are positive numbers with hyphens between them", "[values]") {
  const auto sizes = layer_sizes(2);
  CHECK(sizes.words == "the sizes of a network with up to 2 hidden layers, such as 64-32-10");
  CHECK(sizes.read("784-10") == std::vector<kd::Index>{784, 10});
  CHECK(sizes.read("4-5-06-1") == std::vector<kd::Index>{4, 5, 6, 1});
  for (const char* bad : {"", "4", "4-", "-4-5", "4--5", "4-5-", "4-0-5", "4 -5", "4x5",
                          "4-5-6-7-8", "4-1000001", "4-99999999999999999999999"})
    CHECK_FALSE(sizes.read(bad));
}
