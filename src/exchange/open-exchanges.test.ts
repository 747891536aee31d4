import { describe, expect, it } from 'vitest'
import { type OpenExchange, OpenExchanges } from './open-exchanges.ts'

function exchange(): OpenExchange {
  return { previous: undefined, next: undefined } as OpenExchange
}

describe('open exchanges', () => {
  it('stand in the order in which they began, whichever leaves first', () => {
    const open = new OpenExchanges()
    const [a, b, c, d] = [exchange(), exchange(), exchange(), exchange()]
    for (const one of [a, b, c, d]) open.add(one)
    open.delete(b)
    expect([...open]).toEqual([a, c, d])
    open.delete(d)
    open.delete(a)
    open.add(b)
    expect([...open]).toEqual([c, b])
    expect(open.size).toBe(2)
  })

  it('may leave while they are gone through', () => {
    const open = new OpenExchanges()
    for (const one of [exchange(), exchange(), exchange()]) open.add(one)
    for (const one of open) open.delete(one)
    expect(open.size).toBe(0)
    expect([...open]).toEqual([])
  })

  it('hold on to no other once they have left', () => {
    const open = new OpenExchanges()
    const [a, b] = [exchange(), exchange()]
    open.add(a)
    open.add(b)
    open.delete(a)
    expect([a.next, a.previous, b.previous]).toEqual([undefined, undefined, undefined])
  })
})
