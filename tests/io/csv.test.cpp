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
      {"a,b\n1, \n", "line 2, column \"b\": expected a number, got nothing"},
      {"a,b\n1,x\n", "column \"b\": expected a finite number, got \"x\""},
      {"a\n1e999\n", "expected a finite number, got \"1e999\""},
      {"a\n1e39\n", "expected a finite number, got \"1e39\""},
      {"a\nnan\n", "expected a finite number, got \"nan\""},
      {"a\n1.5.2\n", "expected a finite number"},
      {"a\n0x10\n", "expected a finite number"},
      {"a\n+-1\n", "expected a finite number, got \"+-1\""},
      {"a\n++1\n", "expected a finite number, got \"++1\""},
      {"a\n\"1\n2\n", "a quoted cell does not end"},
      {"a\n\"1\"2\n", "behind its closing quote"},
      {"a\n1\"2\n", "a quote within a cell"},
  };
  for (const auto& [text, says] : cases)
    CHECK_THAT(complaint<FormatError>(text), ContainsSubstring(says));
  CHECK_THAT(complaint<FormatError>(std::string("a\n1\0\n", 5)), ContainsSubstring("no text"));
  CHECK_THAT(complaint<FormatError>(std::string("\"a\0\"\n1\n", 7)), ContainsSubstring("no text"));
  CHECK_THAT(complaint<FormatError>("a,y\n1,0\n2, \n", {.label = "y"}),
             ContainsSubstring("line 3, column \"y\": expected a label, got nothing"));
  CHECK_THAT(complaint<FormatError>("1,\"\"\n", {.header = false, .label_column = 1}),
             ContainsSubstring("column 1: expected a label, got nothing"));
  CHECK_THAT(complaint<DataError>("a,b\n"), ContainsSubstring("got none"));
  CHECK_THAT(complaint<DataError>("a\nx\n", {.label = "a"}), ContainsSubstring("got none"));
  CHECK_THAT(complaint<ConfigError>("a\n1\n", {.label = "b"}),
             ContainsSubstring("no column \"b\""));
  CHECK_THAT(complaint<ConfigError>("a,b,b\n1,2,3\n", {.label = "b"}),
             ContainsSubstring("two columns \"b\": say which by label_column"));
  CHECK_THAT(complaint<ConfigError>("1,2\n", {.header = false, .label = "b"}),
             ContainsSubstring("without a header"));
  CHECK_THAT(complaint<ConfigError>("a\n1\n", {.label_column = 1}),
             ContainsSubstring("below the 1"));
  CHECK_THAT(complaint<ConfigError>("a\n1\n", {.separator = '"'}), ContainsSubstring("separator"));
  CHECK_THAT(complaint<DataError>("a,y\n1,no\n", {.label = "y", .classes = {"yes"}}),
             ContainsSubstring("one of the classes given, got \"no\""));
  CHECK_THAT(complaint<DataError>("a,y\n1,-2\n", {.label = "y"}), ContainsSubstring("-2"));
}

TEST_CASE("every sample may have a class of its own", "[io][csv]") {
  constexpr Index samples = 50'000;  // not each of which looks through all names
  std::string table = "x,y\n";
  for (Index i = samples; i-- > 0;) table += detail::text("1,id ", 100'000 + i, '\n');
  const CsvData data = parse(table, {.label = "y"});
  CHECK(map(data.data.labels()) == Labels(Labels::LinSpaced(samples, samples - 1, 0)));
  CHECK(data.classes.back() == "id 149999");
  const CsvData twice = parse("x,y\n1,b\n", {.label = "y", .classes = {"a", "a", "b"}});
  CHECK(map(twice.data.labels()) == Labels{{2}});
}

TEST_CASE("no change of a table does harm", "[io][csv]") {
  const std::string good = "\xef\xbb\xbfx,\"of \"\"y\"\"\",kind\r\n1.5,-2e3,\"a,\nb\"\n+4, 5 ,c\n";
  const CsvOptions labelled{.label_column = 2};
  const Matrix<float> expected{{1.5, 4}, {-2000, 5}};
  CHECK(inputs(parse(good, labelled).data) == expected);
  // Whether it was read; whatever else it throws fails the test.
  const auto reads = [&](const std::string& text) {
    try {
      const CsvData data = parse(text, labelled);
      CHECK(data.data.features() == static_cast<Index>(data.features.size()));
      CHECK(data.data.features() > 0);
      CHECK(data.data.labels().size == data.data.size());
      CHECK(data.data.classes() == static_cast<Index>(data.classes.size()));
      return true;
    } catch (const FormatError& error) {
      CHECK(error.path == "x.csv");
      CHECK(error.offset <= text.size());
    } catch (const DataError&) {
    } catch (const ConfigError&) {
    }
    return false;
  };
  const std::size_t third_line = good.find("+4");
  for (std::size_t length = 0; length < good.size(); ++length) {
    INFO("cut at " << length);
    // The header with whole samples is a table, too, whether or not the last line is ended.
    const bool whole =
        length == third_line - 1 || length == third_line || length == good.size() - 1;
    CHECK(reads(good.substr(0, length)) == whole);
  }
  for (std::size_t at = 0; at < good.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      INFO("bit " << bit << " of byte " << at);
      std::string changed = good;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      reads(changed);
    }
}

TEST_CASE("tables come from files", "[io][csv]") {
  const kd::test::TemporaryFolder folder;
  const std::string path = folder.path() + "/x.csv";
  std::ofstream(path) << "a,y\n1,0\n2,1\n";
  CHECK(load_csv(path, {.label = "y"}).data.size() == 2);
  CHECK_THROWS_AS(load_csv(folder.path() + "/none.csv"), MissingFile);
}
