import { quote } from '../lib/text.ts'
import type { Recorder } from './recorder.ts'
import type { UserFacts } from './user.ts'

export const ANONYMOUS: UserFacts = { authenticated: false, roles: [] }

const IDENTITY_FIELDS = ['id', 'provider', 'realm', 'email'] as const

/** The `user` part of a record as JSON text: unknown text fields are left out, roles and address always there. */
export function userText(user: UserFacts, ip: string | null, recorder: Pick<Recorder, 'identity'>): string {
  let text = `{"authenticated":${user.authenticated}`
  for (const field of IDENTITY_FIELDS) {
    const value = user[field]
    if (value !== undefined && value !== '') text += `,"${field}":${quote(recorder.identity(field, value))}`
  }
  const roles = user.roles.length === 0 ? '' : user.roles.map(quote).join(',')
  return `${text},"roles":[${roles}],"ip":${ip === null ? 'null' : quote(ip)}}`
}
