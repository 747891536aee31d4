import { expect, test } from 'vitest'
import { outcomeOf } from './outcome.ts'

test.each([
  [101, 'success'],
  [200, 'success'],
  [204, 'success'],
  [304, 'success'],
  [399, 'success'],
  [400, 'failure'],
  [401, 'denied'],
  [403, 'denied'],
  [404, 'failure'],
  [408, 'failure'],
  [500, 'failure'],
  [599, 'failure'],
])('a complete response of status %d is a %s, also when the client closed its side', (status, outcome) => {
  for (const endedBy of [undefined, 'client', 'server'] as const)
    expect(outcomeOf({ status, complete: true, endedBy })).toBe(outcome)
})

test.each([null, 200, 401, 500])('a client that leaves before the end (status %s) has aborted', (status) => {
  expect(outcomeOf({ status, complete: false, endedBy: 'client' })).toBe('aborted')
})

test.each([null, 200, 403])(
  'a response that is cut short by the server, or by nobody knows whom, is a failure (status %s)',
  (status) => {
    expect(outcomeOf({ status, complete: false, endedBy: 'server' })).toBe('failure')
    expect(outcomeOf({ status, complete: false, endedBy: undefined })).toBe('failure')
  },
)
