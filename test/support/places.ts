/** What finds a directory as the beginning of a path, and not within one: it may be `/src`. */
export function beginningOf(directory: string): RegExp {
  return new RegExp(`(?<![\\w.)\\]}@/-])${directory.replace(/[^\w/]/g, '\\$&')}/`)
}
