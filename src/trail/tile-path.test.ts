import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseTilePath, tilePath } from './tile-path.ts'

describe('the path of a tile', () => {
  it.each([
    ['0/000', 0, 0, 256],
    ['0/999', 0, 999, 256],
    ['1/x001/000', 1, 1000, 256],
    ['0/x001/x234/067', 0, 1_234_067, 256],
    ['63/x009/x007/x199/x254/x740/991', 63, Number.MAX_SAFE_INTEGER, 256],
    ['0/000.p/17', 0, 0, 17],
    ['2/x012/345.p/255', 2, 12_345, 255],
    ['10/001.p/1', 10, 1, 1],
  ])('%s is level %i, index %i, width %i', (path, level, index, width) => {
    expect(tilePath(level, index, width)).toBe(path)
    expect(parseTilePath(path)).toEqual({ level, index, width })
    if (width === 256) expect(tilePath(level, index)).toBe(path)
  })

  it('names its tile for any level, index and width', () => {
    const tile = fc.record({
      level: fc.nat({ max: 63 }),
      index: fc.maxSafeNat(),
      width: fc.integer({ min: 1, max: 256 }),
    })
    fc.assert(
      fc.property(tile, ({ level, index, width }) => {
        expect(parseTilePath(tilePath(level, index, width))).toEqual({ level, index, width })
      }),
    )
  })

  it.each([
    '',
    '0',
    '0/',
    '/000',
    '00/000',
    '01/000',
    '64/000',
    '-1/000',
    '0/0',
    '0/00',
    '0/0000',
    '0/x000/000',
    '0/x000/x001/000',
    '0/001/000',
    '0/x001',
    '0/x001/x000',
    '0/x1/000',
    '0/x0001/000',
    '0/x001//000',
    '0/X001/000',
    '0/000/',
    '0/000.p',
    '0/000.p/',
    '0/000.p/0',
    '0/000.p/01',
    '0/000.p/256',
    '0/000.p/999',
    '0/000.p/1/',
    '0/000.p/1.p/1',
    '0/x009/x007/x199/x254/x740/992',
    '0/٠٠٠',
    '0/000\n',
    ' 0/000',
    'tile/0/000',
    'entries/000',
    '0/../000',
  ])('"%s" is none', (path) => {
    expect(parseTilePath(path)).toBeUndefined()
  })
})
