import { setFlagsFromString } from 'node:v8'
import { describe, expect, it } from 'vitest'
import { lift, shadow } from './shadow.ts'

class Bell {
  ring(): string {
    return 'ding'
  }
}

setFlagsFromString('--allow-natives-syntax')
const isFast = new Function('value', 'return %HasFastProperties(value)') as (value: object) => boolean

const dong = (): string => 'dong'
const bong = (): string => 'bong'

describe('a method laid over another', () => {
  it('answers until it is lifted, and leaves the method that was there', () => {
    const bell = new Bell()
    const method = dong.bind(undefined)
    shadow(bell, 'ring', method)
    expect(bell.ring()).toBe('dong')
    lift(bell, 'ring', method)
    expect(bell.ring).toBe(Bell.prototype.ring)
  })

  it('leaves an object as fast as it was', () => {
    const bell = new Bell()
    const method = dong.bind(undefined)
    shadow(bell, 'ring', method)
    lift(bell, 'ring', method)
    expect(isFast(bell)).toBe(true)
  })

  it('gives back the method that the object itself had', () => {
    const bell = Object.assign(new Bell(), { ring: () => 'own' })
    const method = dong.bind(undefined)
    shadow(bell, 'ring', method)
    lift(bell, 'ring', method)
    expect(bell.ring()).toBe('own')
  })

  it.each([
    ['first', 'last'],
    ['last', 'first'],
  ])('leaves the method that was there when two are lifted, the %s before the %s', (before) => {
    const bell = new Bell()
    const first = dong.bind(undefined)
    const last = bong.bind(undefined)
    shadow(bell, 'ring', first)
    shadow(bell, 'ring', last)
    expect(bell.ring()).toBe('bong')
    for (const method of before === 'first' ? [first, last] : [last, first]) lift(bell, 'ring', method)
    expect(bell.ring).toBe(Bell.prototype.ring)
  })

  it('stays under what others have put on top, and goes with the next that is laid and lifted', () => {
    const bell = new Bell()
    const method = dong.bind(undefined)
    shadow(bell, 'ring', method)
    const covered = bell.ring
    bell.ring = () => 'cover'
    lift(bell, 'ring', method)
    expect(bell.ring()).toBe('cover')
    bell.ring = covered
    const next = bong.bind(undefined)
    shadow(bell, 'ring', next)
    lift(bell, 'ring', next)
    expect(bell.ring).toBe(Bell.prototype.ring)
  })

  it('may be lifted twice', () => {
    const bell = new Bell()
    const method = dong.bind(undefined)
    shadow(bell, 'ring', method)
    lift(bell, 'ring', method)
    lift(bell, 'ring', method)
    expect(bell.ring()).toBe('ding')
  })
})
