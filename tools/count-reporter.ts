import type { TestEvent } from 'node:test/reporters';

/**
 * A node:test reporter that writes one character for each finished test: `+` passed, `-` failed, `s` skipped or to do.
 * Suites are not counted, nor is a test that failed only because a test inside it did.
 */
export default async function* countReporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { details, skip, todo } = event.data;
    const error: unknown = event.type === 'test:fail' ? event.data.details.error : undefined;
    const onlyInside = (error as { failureType?: string } | undefined)?.failureType === 'subtestsFailed';
    if (skip !== undefined || todo !== undefined) yield 's';
    else if (event.type === 'test:fail') yield onlyInside ? '' : '-';
    else if (details.type !== 'suite') yield '+';
  }
}
