// SPDX-License-Identifier: MIT
#include "kd/io/csv.hpp"

#include <fstream>
#include <string>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace kd;

namespace {

CsvData parse(const std::string& text, const CsvOptions& options = {}) {
  return parse_csv(std::as_bytes(std::span(text.data(), text.size())), "x.csv", options);
}

template <class Error>
std::string complaint(const std::string& text, const CsvOptions& options = {}) {
  try {
    parse(text, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

Matrix<float> inputs(const Dataset& data) { return data.inputs(); }

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a table is a data set", "[io][csv]") {
  const CsvData plain = parse("a,b\n1,2.5\n-3e2, +4 \n");
  CHECK(inputs(plain.data) == Matrix<float>{{1, -300}, {2.5, 4}});
  CHECK_FALSE(plain.data.has_labels());
  CHECK(plain.features == Names{"a", "b"});

  const CsvData named = parse(
      "\xef\xbb\xbf"
      "x;kind;y\r\n1;red;2\r\n\r\n3;\"blue\";4\r\n5;red;6",
      {.separator = ';', .label = "kind"});
  CHECK(inputs(named.data) == Matrix<float>{{1, 3, 5}, {2, 4, 6}});
  CHECK(map(named.data.labels()) == Labels{{1, 0, 1}});
  CHECK(named.data.classes() == 2);
  CHECK(named.classes == Names{"blue", "red"});
  CHECK(named.features == Names{"x", "y"});

  const CsvData numbered = parse("7,0\n8,3\n", {.header = false, .label_column = 1});
  CHECK(inputs(numbered.data) == Matrix<float>{{7, 8}});
  CHECK(map(numbered.data.labels()) == Labels{{0, 3}});
  CHECK(numbered.data.classes() == 4);
  CHECK(numbered.classes.empty());
  CHECK(numbered.features.empty());

  const CsvData ordered =
      parse("y,x\nred,1\nblue,2\n", {.label = "y", .classes = {"red", "green", "blue"}});
  CHECK(map(ordered.data.labels()) == Labels{{0, 2}});
  CHECK(ordered.data.classes() == 3);
}

TEST_CASE("cells may be quoted", "[io][csv]") {
  const CsvData data =
      parse("x,\"a \"\"name\"\",\nof two lines\"\n\"1\",\"yes, \"\"it\"\" is\"\n2,no\n",
            {.label_column = 1});
  CHECK(inputs(data.data) == Matrix<float>{{1, 2}});
  CHECK(data.classes == Names{"no", "yes, \"it\" is"});
}

TEST_CASE("what is wrong in a table is named", "[io][csv]") {
  const struct {
    const char* text;
    const char* says;
  } cases[] = {
      {"", "a header, got nothing"},
      {"a,b\n1,2\n3\n", "byte 8: line 3, expected 2 cells, got 1"},
      {"a,b\n1,2,3\n", "line 2, expected 2 cells, got 3"},
      {"a,b\n1,\n", "line 2, column \"b\": expected a number, got nothing"},
      {"a,b\n1,x\n", "column \"b\": expected a finite number, got \"x\""},
      {"a\n1e999\n", "expected a finite number, got \"1e999\""},
      {"a\n1e39\n", "expected a finite number, got \"1e39\""},
      {"a\nnan\n", "expected a finite number, got \"nan\""},
      {"a\n1.5.2\n", "expected a finite number"},
      {"a\n0x10\n", "expected a finite number"},
      {"a\n\"1\n2\n", "a quoted cell does not end"},
      {"a\n\"1\"2\n", "behind its closing quote"},
      {"a\n1\"2\n", "a quote within a cell"},
  };
  for (const auto& [text, says] : cases)
    CHECK_THAT(complaint<FormatError>(text), ContainsSubstring(says));
  CHECK_THAT(complaint<FormatError>(std::string("a\n1\0\n", 5)), ContainsSubstring("no text"));
  CHECK_THAT(complaint<DataError>("a,b\n"), ContainsSubstring("got none"));
  CHECK_THAT(complaint<DataError>("a\nx\n", {.label = "a"}), ContainsSubstring("got none"));
  CHECK_THAT(complaint<ConfigError>("a\n1\n", {.label = "b"}),
             ContainsSubstring("no column \"b\""));
  CHECK_THAT(complaint<ConfigError>("1,2\n", {.header = false, .label = "b"}),
             ContainsSubstring("without a header"));
  CHECK_THAT(complaint<ConfigError>("a\n1\n", {.label_column = 1}),
             ContainsSubstring("below the 1"));
  CHECK_THAT(complaint<ConfigError>("a\n1\n", {.separator = '"'}), ContainsSubstring("separator"));
  CHECK_THAT(complaint<DataError>("a,y\n1,no\n", {.label = "y", .classes = {"yes"}}),
             ContainsSubstring("one of the classes given, got \"no\""));
  CHECK_THAT(complaint<DataError>("a,y\n1,-2\n", {.label = "y"}), ContainsSubstring("-2"));
}

TEST_CASE("tables come from files", "[io][csv]") {
  const kd::test::TemporaryFolder folder;
  const std::string path = folder.path() + "/x.csv";
  std::ofstream(path) << "a,y\n1,0\n2,1\n";
  CHECK(load_csv(path, {.label = "y"}).data.size() == 2);
  CHECK_THROWS_AS(load_csv(folder.path() + "/none.csv"), MissingFile);
}
