// SPDX-License-Identifier: MIT
//
// Reads what a test program says in TAP: cmocka's dialect, that of node:test
// with its nested subtests, and plain lines. Knows nothing of programs.

const RESULT = /^( *)(not )?ok\b *(\d+)? *-? ?(.*)$/;
const PLAN = /^( *)1\.\.(\d+)/;

/**
 * Returns {tests, problems}. A test is {name, status, details}: status is
 * passed, failed or skipped; details are the lines that belong to it. A test
 * with subtests is not counted beside them, unless it alone failed. problems
 * tells what is wrong with the whole.
 */
export function parseTap(text) {
  const open = []; // results whose parent has not come yet
  const problems = [];
  let before = []; // lines that the next result gets
  let last; // the result that the next lines belong to
  let plan;

  for (const line of text.split('\n')) {
    const result = line.match(RESULT);
    if (result) {
      last = close(open, result, before);
      before = [];
    } else if (PLAN.test(line)) {
      const [, indent, count] = line.match(PLAN);
      if (indent === '') plan = Number(count);
    } else if (line.startsWith('Bail out!')) {
      problems.push(line);
    } else if (/^ *# Subtest: /.test(line)) {
      last = undefined;
    } else if (last && belongs(line, last)) {
      last.details.push(line);
    } else if (line.trim() !== '' && !line.startsWith('TAP version')) {
      last = undefined;
      before.push(line);
    }
  }
  if (plan === undefined) {
    problems.push('it ended before its plan: 1..N is missing');
  } else if (plan !== open.length) {
    problems.push(`it planned ${plan} tests and told of ${open.length}`);
  }
  return { tests: open.flatMap((entry) => entry.tests), problems, before };
}

// The diagnostics of a result: comments, or a block of YAML.
function belongs(line, result) {
  if (result.inYaml) {
    if (/^ *\.\.\.$/.test(line)) result.inYaml = false;
    return true;
  }
  if (/^ *---$/.test(line)) {
    result.inYaml = true;
    return true;
  }
  return /^ *#/.test(line);
}

// Takes what is indented deeper as subtests of this result.
function close(open, [, spaces, not, , title], before) {
  const indent = spaces.length;
  const [, name, directive] = title.match(/^(.*?)(?: +# *(skip|todo)\b.*)?$/i);
  const status = directive ? 'skipped' : not ? 'failed' : 'passed';
  const details = [...before];
  const entry = { indent, tests: [], details };
  const subtests = [];

  while (open.length > 0 && open.at(-1).indent > indent) {
    subtests.unshift(...open.pop().tests);
  }
  for (const test of subtests) test.name = `${name} > ${test.name}`;
  const toldBySubtests = subtests.length > 0 &&
    (status !== 'failed' || subtests.some((test) => test.status === 'failed'));
  entry.tests = toldBySubtests
    ? subtests : [...subtests, { name, status, details }];
  open.push(entry);
  return entry;
}
