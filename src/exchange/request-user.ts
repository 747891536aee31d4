import { exchangesOf, type Marked, markUnseen } from './marks.ts'

/**
 * Watches for the moment when authentication puts a user on the framework's habitual object: a logout may take it away
 * again before the response begins. Until then the object has an accessor, which says what was there; from then on it
 * has the plain property that it would have had without us.
 */
export function watchUser(holder: object, req: object): void {
  const accessor = 'user' in holder ? unlessTaken(Object.getOwnPropertyDescriptor(holder, 'user')) : absent
  if (accessor !== undefined) Object.defineProperty(holder, 'user', accessor)
  const exchanges = exchangesOf(req)
  if (holder !== req && exchanges !== undefined) markUnseen(holder, exchanges)
}

/** `Object.keys` does not show it, as there is no user yet. */
const absent = createAccessor(undefined, false)
/** Where a framework wants properties to be declared, as Fastify does. */
const declared = { null: createAccessor(null, true), undefined: createAccessor(undefined, true) } as const

function unlessTaken(property: PropertyDescriptor | undefined): PropertyDescriptor | undefined {
  if (property === undefined || property.get !== undefined || property.configurable !== true) return undefined
  const { value } = property
  return value === null || value === undefined ? declared[String(value) as keyof typeof declared] : undefined
}

function createAccessor(value: null | undefined, enumerable: boolean): PropertyDescriptor & ThisType<Marked> {
  return {
    configurable: true,
    enumerable,
    get: () => value,
    set(user: unknown) {
      Object.defineProperty(this, 'user', { value: user, writable: true, enumerable: true, configurable: true })
      for (let exchange = exchangesOf(this); exchange !== undefined; exchange = exchange.other) exchange.askUser()
    },
  }
}
