/** What verification can find wrong, in one sentence each. `docs/verify.md` says of each what it means. */
export const faultCatalogue = {
  MISSING: 'A part of the trail is not there.',
  UNKNOWN: 'The format does not know this, so it may not be in a trail.',
  KIND: 'This is no plain file or directory, as it must be. It was not opened.',
  UNREADABLE: 'This could not be read.',
  HEADER: 'trail.json is not of the form that the format demands.',
  VERSION: 'trail.json says a format version that this verifier does not know.',
  CHECKPOINT_FORM: 'The checkpoint is not of the form that the format demands.',
  ORIGIN: 'The checkpoint is that of another trail than trail.json says.',
  SIGNATURE: 'The checkpoint has no right signature of the key.',
  SEGMENT_GAP: 'A segment does not begin where the one before it ends.',
  STRAY_BYTES: 'Behind the last line of a segment are bytes that no damage record names.',
  LINES_MISSING: 'There are fewer lines than the checkpoint counts.',
  LINE_FORM: 'This is no well-formed line.',
  LINE_DIFFERS: 'These lines are not those that were signed.',
  ROOT_DIFFERS: 'The lines are not those that were signed; which of them cannot be told.',
  START_MISSING: 'The first record does not say what the trail is.',
  START_DIFFERS: 'A start record names another trail.json than the one that is there.',
  TILE_MISSING: 'A tile that the checkpoint needs is not there.',
  TILE_WRONG: 'A tile does not hold the hashes of its lines. The lines are right.',
  TILE_DIFFERS: 'A tile does not hold the hashes of its lines. Which of the two is right cannot be told.',
  TILE_AHEAD: 'A tile is for more lines than there are.',
  OLDER_FORM: 'An older checkpoint is not of the form that the format demands, or is that of another trail.',
  OLDER_SIGNATURE: 'An older checkpoint has no right signature of the key.',
  OLDER_AHEAD: 'An older checkpoint counts more lines than the trail has now.',
  OLDER_DIFFERS: 'The lines that an older checkpoint counts are not those of now.',
} as const

export type FaultCode = keyof typeof faultCatalogue

/** Where something is wrong. */
export interface FaultPlace {
  /** The path within the directory, or the name of an older checkpoint. */
  readonly file: string
  /** Bytes from the beginning of the file. */
  readonly offset?: number
  /** The index of the (first) record that is meant. */
  readonly leaf?: number
  /** How many records are meant, from `leaf`; 1 unless said. */
  readonly leaves?: number
}

export interface Fault extends FaultPlace {
  readonly code: FaultCode
  /** What is wrong, in whole sentences. */
  readonly text: string
}

/** A writer at work can be the cause of these; anything else cannot come from reading at a bad moment. */
const passing: ReadonlySet<FaultCode> = new Set<FaultCode>([
  'MISSING',
  'UNREADABLE',
  'SEGMENT_GAP',
  'STRAY_BYTES',
  'LINE_FORM',
  'TILE_MISSING',
  'TILE_DIFFERS',
  'TILE_WRONG',
  'TILE_AHEAD',
])

const MOST_FAULTS = 100

/** The faults of a trail: the first 100, and how many more there are. */
export class Faults {
  readonly list: Fault[] = []
  more = 0
  /** Whether each of them may be gone when one looks again. */
  mayPass = true

  add(code: FaultCode, place: FaultPlace, detail = ''): void {
    this.mayPass &&= passing.has(code)
    if (this.list.length >= MOST_FAULTS) this.more += 1
    else this.list.push({ code, ...place, text: `${faultCatalogue[code]}${detail === '' ? '' : ` ${detail}`}` })
  }

  get any(): boolean {
    return this.list.length > 0
  }
}
