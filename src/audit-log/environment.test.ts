import { expect, test } from 'vitest'
import type { AuditError } from '../lib/errors.ts'
import { mentionUnknownVariables } from './environment.ts'

test('a variable that looks like a setting and is none is mentioned once in the life of the process', () => {
  const reported: AuditError[] = []
  const environment = { AUDIT_LOG_EXEMPT_URL: '[]', AUDIT_LOG_EXEMPT_URLS: '[]', PATH: '/bin', AUDIT_LOGGER: 'x' }
  mentionUnknownVariables(environment, (error) => reported.push(error))
  mentionUnknownVariables({ ...environment, AUDIT_LOG_OTHER: 's3cret' }, (error) => reported.push(error))
  expect(reported.map((error) => error.code)).toEqual(['UNKNOWN_VARIABLE', 'UNKNOWN_VARIABLE'])
  expect(reported[0]?.message).toContain('AUDIT_LOG_EXEMPT_URL is not a setting')
  expect(reported[1]?.message).toContain('AUDIT_LOG_OTHER')
  expect(reported[1]?.message).not.toContain('s3cret')
})
