import type { Format } from './format.ts'

/** The record as it is: one line of JSON, as `docs/record.md` has it. */
export const native: Format = (sealed) => sealed.line
