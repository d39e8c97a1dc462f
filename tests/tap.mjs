// SPDX-License-Identifier: MIT
//
// Parses the TAP output of a test program: cmocka's dialect, node:test's with
// its nested subtests, and plain TAP. Knows nothing of processes.

const RESULT = /^( *)(not )?ok\b *(\d+)? *-? ?(.*)$/;
const PLAN = /^( *)1\.\.(\d+)/;

/**
 * Returns {tests, problems, before}. A test is {name, status, details}: status
 * is passed, failed or skipped; details are the lines that belong to it. A test
 * with subtests is not counted beside them, unless it alone failed. problems
 * lists faults of the output as a whole; before holds the lines after the last
 * test.
 */
export function parseTap(text) {
  const open = []; // results whose parent has not been read yet
  const problems = [];
  let before = []; // lines that belong to the next result
  let last; // the result to which the next lines belong
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
    problems.push(`it planned ${plan} tests and reported ${open.length}`);
  }
  return { tests: open.flatMap((entry) => entry.tests), problems, before };
}

// Whether a line is a diagnostic of this result: a comment or part of its YAML.
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

// Takes the open results that are indented deeper as subtests of this one.
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
  const areSubtestsEnough = subtests.length > 0 &&
    (status !== 'failed' || subtests.some((test) => test.status === 'failed'));
  entry.tests = areSubtestsEnough
    ? subtests : [...subtests, { name, status, details }];
  open.push(entry);
  return entry;
}
