import { describe, expect, it } from 'vitest'
import { LinkedList } from './linked-list.ts'

const [a, b, c, d] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'd' }]

describe('a linked list', () => {
  it.each([
    [0, [b, c]],
    [1, [a, c]],
    [2, [a, b]],
  ])('keeps the order when value %i leaves, once or twice', (index, left) => {
    const list = new LinkedList<object>()
    const links = [a, b, c].map((value) => list.add(value))
    links[index]?.remove()
    links[index]?.remove()
    expect([...list]).toEqual(left)
    list.add(d)
    expect([...list]).toEqual([...left, d])
    expect(list.first).toBe(left[0])
  })

  it('is as new when all have left', () => {
    const list = new LinkedList<object>()
    const link = list.add(a)
    list.add(b)
    list.shift()
    list.shift()
    link.remove()
    expect(list.first).toBeUndefined()
    list.add(c)
    expect([...list]).toEqual([c])
  })

  it('stands in the order in which values came, whichever leaves first', () => {
    const list = new LinkedList<object>()
    const [, second, , fourth] = [a, b, c, d].map((value) => list.add(value))
    second?.remove()
    expect([...list]).toEqual([a, c, d])
    fourth?.remove()
    list.shift()
    list.add(b)
    expect([...list]).toEqual([c, b])
    expect(list.size).toBe(2)
  })

  it('may be left while it is gone through', () => {
    const list = new LinkedList<object>()
    const links = new Map<object, ReturnType<typeof list.add>>([a, b, c].map((value) => [value, list.add(value)]))
    for (const value of list) links.get(value)?.remove()
    expect(list.size).toBe(0)
    expect([...list]).toEqual([])
  })

  it('leaves no value and no neighbour in the link of a value that has left', () => {
    const list = new LinkedList<object>()
    const [first, second] = [list.add(a), list.add(b)]
    first.remove()
    expect([first.value, first.next, first.previous, second.previous]).toEqual(Array(4).fill(undefined))
  })
})
