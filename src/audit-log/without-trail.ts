import type { ReadSettings } from './resolved-settings.ts'
import type { Guarantee } from './settings.ts'

/** The faults of settings that need a trail where none was given; those of a trail that was given wrong are enough. */
export function faultsWithoutTrail(values: Partial<ReadSettings>, at: (setting: string) => string): readonly string[] {
  const { guarantee, rules = [], logHandler, trail } = values
  if (!('trail' in values) || trail !== undefined) return []
  return [
    ...unfounded(guarantee, at('guarantee')),
    ...rules.flatMap((rule, index) => unfounded(rule.guarantee, `${at('rules')}[${index}].guarantee`)),
    ...(logHandler?.length === 0
      ? [
          `${at('logHandler')}: got an empty list, expected at least one handler, or a trail; enabled: false makes no records at all`,
        ]
      : []),
  ]
}

function unfounded(guarantee: Guarantee | undefined, at: string): readonly string[] {
  if (guarantee === undefined || guarantee === 'best-effort') return []
  return [`${at}: ${guarantee} needs a trail, expected 'best-effort', or the setting trail`]
}
