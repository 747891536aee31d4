const number = new Intl.NumberFormat('en')

/** A number and what is counted, as in `1 file` and `2,000 files`. */
export function counted(count: number, one: string, more: string = `${one}s`): string {
  return `${number.format(count)} ${count === 1 ? one : more}`
}
