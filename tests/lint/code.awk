# SPDX-License-Identifier: MIT
#
# Prints C files as path:line:code without comments; the insides of strings
# and characters stay unless -v strings=0. Knows only as much of C as that takes.

FNR == 1 { in_comment = 0 }

{
  out = ""
  quote = ""
  n = length($0)
  for (i = 1; i <= n; i++) {
    c = substr($0, i, 1)
    two = substr($0, i, 2)
    if (in_comment) {
      if (two == "*/") { in_comment = 0; i++ }
    } else if (quote != "") {
      if (c == "\\") {
        if (strings) out = out two
        i++
      } else if (c == quote) {
        out = out c
        quote = ""
      } else if (strings) {
        out = out c
      }
    } else if (two == "/*") {
      in_comment = 1
      i++
      out = out " "
    } else {
      if (c == "\"" || c == "'") quote = c
      out = out c
    }
  }
  # what an #include names is in quotes, too
  if (!strings && $0 ~ /^#include "/) out = $0
  if (out !~ /^[ \t]*$/) print FILENAME ":" FNR ":" out
}
