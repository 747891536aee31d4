import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it } from 'vitest'
import { deadlinesIn } from './deadlines.ts'

describe('deadlines', () => {
  it('call back in the order and the scope in which they were set, but for those that were removed', async () => {
    const storage = new AsyncLocalStorage<string>()
    const called: (string | undefined)[] = []
    await new Promise<void>((resolve) => {
      const set = (name: string, then = (): void => undefined): { remove(): void } =>
        storage.run(name, () =>
          deadlinesIn(7).add(() => {
            called.push(storage.getStore())
            then()
          }),
        )
      const first = set('first', () => first.remove())
      const removed = set('removed')
      set('second', () => set('set by the second', resolve))
      removed.remove()
    })
    expect(called).toEqual(['first', 'second', 'set by the second'])
  })
})
