// SPDX-License-Identifier: MIT
#include "kd/report/escape.hpp"

#include "support/catch.hpp"

using kd::report::escaped;

TEST_CASE("what HTML would take for its own is written out", "[report][escape]") {
  CHECK(escaped("a < b && c > \"d\" 'e'") ==
        "a &lt; b &amp;&amp; c &gt; &quot;d&quot; &#39;e&#39;");
  CHECK(escaped("Gr\xC3\xBC\xC3\x9F"
                "e, \xE4\xBD\xA0, \xF0\x9F\x99\x82\n\t") ==
        "Gr\xC3\xBC\xC3\x9F"
        "e, \xE4\xBD\xA0, \xF0\x9F\x99\x82\n\t");
  CHECK(escaped("") == "");
}

TEST_CASE("bytes that are no text become one character each that says so", "[report][escape]") {
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(escaped(std::string("a\0b\x1B\x7F", 5)) == "a" + bad + "b" + bad + bad);
  CHECK(escaped("\x80x") == bad + "x");                         // goes on with nothing
  CHECK(escaped("\xC3") == bad);                                // ends too early
  CHECK(escaped("\xC3(") == bad + "(");                         // goes on with something else
  CHECK(escaped("\xC0\x80") == bad + bad);                      // longer than need be
  CHECK(escaped("\xE0\x9F\xBF") == bad + bad + bad);            // likewise
  CHECK(escaped("\xED\xA0\x80") == bad + bad + bad);            // half of a pair
  CHECK(escaped("\xF4\x90\x80\x80") == bad + bad + bad + bad);  // beyond the last character
  CHECK(escaped("\xF0\x8F\xBF\xBF") == bad + bad + bad + bad);
  CHECK(escaped("\xFF<") == bad + "&lt;");
}
