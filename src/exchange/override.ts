/**
 * Puts a method over the one that an object has, for good.
 *
 * Whatever is put on an object of one request is put there by this, or by `shadow`, and never by assigning a function where it is
 * written: V8 takes a function that is assigned to a property so for one that lives as long as the program, and makes it among the old
 * objects. Dead, it would keep all of its exchange there until the next full collection.
 */
export function override<Target extends object, Name extends keyof Target>(
  target: Target,
  name: Name,
  method: Target[Name],
): void {
  target[name] = method
}
