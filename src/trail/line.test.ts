import { describe, expect, it } from 'vitest'
import { exchangeLine, idOf, ownLine, timeOf, withNonce } from '../../test/support/trail-builder.ts'
import { headOf, isWellFormed } from './line.ts'

const nonce = ',"nonce":"AQEBAQEBAQEBAQEBAQEBAQ"}'

function ofLength(bytes: number): Buffer {
  const text = `{"id":"${nonce}`.length + 1
  return Buffer.from(`{"id":"${'x'.repeat(bytes - text)}"${nonce}`)
}

describe('a line is well formed', () => {
  it.each([
    ['a record', Buffer.from(withNonce(exchangeLine(1)))],
    ['text beyond ASCII', Buffer.from(`{"id":"jané 🚲 \u2028"${nonce}`)],
    ['escaped control characters', Buffer.from(`{"id":"\\u0000\\n"${nonce}`)],
    ['the largest size', ofLength(65_535)],
  ])('with %s', (_, line) => expect(isWellFormed(line)).toBe(true))

  it.each([
    ['no nonce', exchangeLine(1)],
    ['a nonce that is not last', `{"id":"x"${nonce.slice(0, -1)},"more":1}`],
    ['a nonce of another length', '{"id":"x","nonce":"AQEBAQEBAQEBAQEBAQEBAQE"}'],
    ['a nonce that no 16 bytes make', '{"id":"x","nonce":"AQEBAQEBAQEBAQEBAQEBAR"}'],
    ['an id that is not first', `{"time":"x","id":"x"${nonce}`],
    ['something before', ` {"id":"x"${nonce}`],
    ['something behind', `{"id":"x"${nonce} `],
    ['two objects', `{"id":"x"}{"id":"x"${nonce}`],
    ['a tab between members', `{"id":"x",\t"a":1${nonce}`],
    ['more than the largest size', ofLength(65_536)],
    ['nothing', ''],
  ])('not with %s', (_, line) => expect(isWellFormed(Buffer.from(line))).toBe(false))

  it('not with bytes that are no UTF-8', () => {
    expect(isWellFormed(Buffer.from(`{"id":"\xff"${nonce}`, 'latin1'))).toBe(false)
  })
})

describe('the head of a line', () => {
  it('is that of a record of an exchange', () => {
    const head = { id: idOf(1), time: timeOf(1), kind: undefined, exchange: undefined }
    expect(headOf(Buffer.from(withNonce(exchangeLine(1))))).toEqual(head)
  })

  it.each([
    ['in the usual order', ownLine(2, 'intent', { exchange: 'e' })],
    ['in another order', JSON.stringify({ kind: 'intent', exchange: 'e', time: timeOf(2), id: idOf(2) })],
    ['behind a duration', ownLine(2, 'intent', { exchange: 'e' }).replace('"logger"', '"duration_ms":1.5e-7,"logger"')],
    [
      'behind a name that says something else',
      ownLine(2, 'intent', { exchange: 'e' }).replace('audit_log', '\\",\\"kind\\":\\"stop'),
    ],
    ['behind a very long name', ownLine(2, 'intent', { exchange: 'e' }).replace('audit_log', 'n'.repeat(5000))],
    ['behind a name with an escape at its end', ownLine(2, 'intent', { exchange: 'e' }).replace('audit_log', 'n\\\\')],
  ])('is that of an intent, with its members %s', (_, line) => {
    expect(headOf(Buffer.from(withNonce(line)))).toEqual({
      id: idOf(2),
      time: timeOf(2),
      kind: 'intent',
      exchange: 'e',
    })
  })

  it('is not what a value inside says', () => {
    const line = withNonce(exchangeLine(1).replace('"outcome"', '"results":{"kind":"stop","exchange":"e"},"outcome"'))
    expect(headOf(Buffer.from(line))).toMatchObject({ kind: undefined, exchange: undefined })
  })

  it('is empty where there is none', () => {
    const nothing = { id: undefined, time: undefined, kind: undefined, exchange: undefined }
    for (const line of ['', 'none', '[]', '{"kind":1}']) expect(headOf(Buffer.from(line))).toEqual(nothing)
  })
})
