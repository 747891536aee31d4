/** A bicycle as the city registered it. */
export interface Bicycle {
  readonly id: number
  readonly frame: string
  readonly colour: string
  readonly owner: { readonly name: string; readonly bsn: string }
}

/** The register: a few bicycles, kept in memory. */
export class Bicycles {
  readonly #all = new Map<number, Bicycle>(
    [
      { id: 1, frame: 'NL-0041', colour: 'red', owner: { name: 'A. Bakker', bsn: '111222333' } },
      { id: 2, frame: 'NL-0042', colour: 'red', owner: { name: 'B. Visser', bsn: '123456782' } },
      { id: 3, frame: 'NL-0043', colour: 'blue', owner: { name: 'C. Smit', bsn: '987654321' } },
    ].map((bicycle) => [bicycle.id, bicycle]),
  )

  ofColour(colour: string): readonly Bicycle[] {
    return [...this.#all.values()].filter((bicycle) => bicycle.colour === colour)
  }

  get(id: number): Bicycle | undefined {
    return this.#all.get(id)
  }

  repaint(id: number, colour: string): Bicycle | undefined {
    const before = this.#all.get(id)
    if (before === undefined) return undefined
    const after = { ...before, colour }
    this.#all.set(id, after)
    return after
  }

  remove(id: number): boolean {
    return this.#all.delete(id)
  }

  /** Every bicycle there ever was, as lines of CSV: a large export. */
  *history(): Generator<string> {
    for (let number = 1; number <= 1_000_000; number++) yield `NL-${String(number).padStart(7, '0')};black\n`
  }
}
