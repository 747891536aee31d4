import { expect, test } from 'vitest'
import { uuidv7 } from './uuid.ts'

test('ids are version 7, unique, and sort by their time', () => {
  const ids = Array.from({ length: 2000 }, (_, i) => uuidv7(1_764_000_000_000 + i))
  expect(new Set(ids).size).toBe(2000)
  expect([...ids].sort()).toEqual(ids)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(Number.parseInt((ids[7] as string).replaceAll('-', '').slice(0, 12), 16)).toBe(1_764_000_000_007)
})
