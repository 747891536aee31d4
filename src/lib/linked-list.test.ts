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
})
