#!/usr/bin/env bash
# run-tests.sh [ctest arguments, such as -L unit or -R Redis]: runs the tests of build/ci.
#
# One test more at once than there are processors: most wait for servers (CTEST_PARALLEL_LEVEL says otherwise). Shows each test as it
# ends and the output of those that fail; at the end once more, where the end is all that is kept, each failed case of a suite with its
# message. The last line is `N passed, N failed`, with `, N skipped` when there are any. The status is not 0 when a test failed or none ran.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

report=$PWD/build/ci/tests.xml
suites=$PWD/build/ci/suites
rm -rf "$report" "$suites"
status=0
export CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$(($(nproc) + 1))}
ctest --test-dir build/ci --output-on-failure --no-tests=error --output-junit "$report" "$@" || status=$?

# The attributes of <testsuite>, which stand before the first <testcase>.
count() { sed '/<testcase/,$d' "$report" 2>/dev/null | sed -n "s/.*\b$1=\"\([0-9]*\)\".*/\1/p" | grep . || echo 0; }
failed=$(count failures)
skipped=$(($(count skipped) + $(count disabled)))
passed=$(($(count tests) - failed - skipped))

# A suite is one test of ctest and many of GoogleTest: its cases are counted in its place. One that ended without a report, or fails
# although no case did, stays one failed test.
for suite in "$suites"/*.xml; do
  [[ -e $suite ]] || continue
  name=suite.$(basename "$suite" .xml)
  cases=$(sed -n 's/^<testsuites tests="\([0-9]*\)".*/\1/p' "$suite")
  bad=$(sed -n 's/^<testsuites .*\bfailures="\([0-9]*\)".*/\1/p' "$suite")
  left_out=$(grep -c 'result="skipped"\|status="notrun"' "$suite" || true)
  if grep "<testcase name=\"$name\"" "$report" | grep -q 'status="fail"'; then
    if ((bad > 0)); then failed=$((failed + bad - 1)); fi
  else
    passed=$((passed - 1))
  fi
  passed=$((passed + cases - bad - left_out))
  skipped=$((skipped + left_out))
done

# GoogleTest writes a testcase's name before its class, and one failure a line.
for suite in "$suites"/*.xml; do
  [[ -e $suite ]] || continue
  sed -n '/<testcase /{s/.* name="\([^"]*\)".* classname="\([^"]*\)".*/\2.\1/;h;}
          /<failure message=/{G;s/.*<failure message="\([^"]*\)".*\n\(.*\)/FAILED \2: \1/;s/&#x0A;/\n    /g;p;}' "$suite" |
    sed 's/&quot;/"/g; s/&apos;/'"'"'/g; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g'
done

((passed + failed > 0)) || status=1
if ((skipped)); then skips=", $skipped skipped"; fi
echo "$passed passed, $failed failed${skips:-}"
exit "$status"
