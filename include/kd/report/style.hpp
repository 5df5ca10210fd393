// SPDX-License-Identifier: MIT
#pragma once

namespace kd::report::detail {

/// The colours of a light and of a dark page. Those of series differ in brightness too, and lines
/// in dashes and marks, so that nobody has to tell them by colour (after Okabe and Ito, 2008).
inline constexpr const char* colours = R"css(
--paper:#fff;--ink:#1c2126;--quiet:#5b6570;--rule:#dde2e7;--wash:#f4f6f8;
--c1:#0072b2;--c2:#c44e00;--c3:#00795a;--c4:#a63d84;--c5:#8a6a00;--c6:#444b54)css";

inline constexpr const char* dark_colours = R"css(
--paper:#14181c;--ink:#e8ecf0;--quiet:#a3adb8;--rule:#323a43;--wash:#1d2329;
--c1:#56b4e9;--c2:#ff8a4c;--c3:#2fd0a0;--c4:#e79cc8;--c5:#f0c93a;--c6:#c4cbd4)css";

inline constexpr int series_colours = 6;

/// What pictures look like, by the classes of their parts.
inline constexpr const char* chart_style = R"css(
.chart{font:12px system-ui,sans-serif;fill:var(--ink)}
.chart .quiet{fill:var(--quiet)}
.chart .strong{font-weight:600}
.chart .grid{stroke:var(--rule)}
.chart .axis{stroke:var(--quiet)}
.chart .ref{stroke:var(--quiet);stroke-dasharray:4 3}
.chart .s1{--c:var(--c1)}.chart .s2{--c:var(--c2);--dash:7 3}.chart .s3{--c:var(--c3);--dash:2 3}
.chart .s4{--c:var(--c4);--dash:9 3 2 3}.chart .s5{--c:var(--c5);--dash:4 2}.chart .s6{--c:var(--c6);--dash:1 3}
.chart .line{fill:none;stroke:var(--c);stroke-width:2;stroke-dasharray:var(--dash,none);stroke-linejoin:round}
.chart .band{fill:var(--c);opacity:.16}
.chart .mark{fill:var(--c)}
.chart .whisker{stroke:var(--ink);stroke-width:1.3}
.chart .hit{fill:transparent}
.chart g:hover>.mark{stroke:var(--ink);stroke-width:2}
)css";

/// What the page around them looks like.
inline constexpr const char* page_style = R"css(
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:62rem;padding:1.5rem 1rem 3rem;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .5rem}
h2{font-size:1.15rem;margin:2.2rem 0 .6rem;padding-top:1rem;border-top:1px solid var(--rule)}
h1,h2,p,figcaption,td,th{overflow-wrap:anywhere}
p{margin:.4rem 0;max-width:45rem}
footer{margin-top:2.5rem;color:var(--quiet);font-size:.85rem}
.grid-of{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,21rem),1fr));gap:1.2rem;align-items:start}
figure{margin:0;padding:.8rem;background:var(--wash);border-radius:.5rem;min-width:0}
figure.wide{grid-column:1/-1}
figcaption{font-weight:600;margin-bottom:.4rem}
figcaption small{display:block;font-weight:400;color:var(--quiet)}
svg.chart{display:block;width:100%;max-width:44rem;height:auto;margin:auto}
.scroll{overflow-x:auto;max-width:100%}
.grid-of>.scroll{grid-column:1/-1}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--quiet);padding-bottom:.3rem}
th,td{padding:.25rem .6rem;border-bottom:1px solid var(--rule);text-align:right;white-space:nowrap}
th[scope=row],thead th:first-child{text-align:left;white-space:normal;min-width:7rem}
td.zero{color:var(--quiet)}
.heat th,.heat td{min-width:2.1rem;padding:.3rem .1rem;text-align:center;border:1px solid var(--paper)}
.heat th[scope=row],.heat thead th:first-child{min-width:2.2rem;text-align:right}
.heat th{max-width:7rem;overflow:hidden;text-overflow:ellipsis;white-space:nowrap!important}
.heat td.own{outline:1px solid var(--quiet);outline-offset:-2px}
details{margin-top:.5rem;font-size:.9rem}
summary{cursor:pointer;color:var(--quiet)}
:focus-visible{outline:2px solid var(--c1);outline-offset:2px}
.sample{display:grid;grid-template-columns:5.5rem 1fr;gap:.2rem .8rem;align-items:start}
.sample figcaption,.sample details{grid-column:1/-1}
.sample .digit{width:100%;background:#000;border-radius:.2rem;display:block}
@media(max-width:30rem){body{padding:1rem .6rem 2rem}figure{padding:.6rem .5rem}.heat{font-size:.75rem}.heat th,.heat td,.heat th[scope=row],.heat thead th:first-child{min-width:1.65rem;padding:.2rem .1rem}}
@media print{body{max-width:none;padding:0}figure,tr{break-inside:avoid}h2{break-after:avoid}details:not([open]){display:none}}
)css";

}  // namespace kd::report::detail
