import { exchangesOf, markUnseen } from './marks.ts'

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

/**
 * The same for a request of a framework that has a prototype of its own for those of an app: the accessor goes there, as
 * it costs several times as much on each request. Where the app declared the property, the framework sets it on each
 * request when it makes one; that changes nothing, and so leaves no property.
 */
export function watchUsersAlike(request: object, rawOf: (request: object) => object): void {
  const prototype: object = Object.getPrototypeOf(request)
  if (Object.hasOwn(prototype, 'user')) return
  const own = Object.getOwnPropertyDescriptor(request, 'user')
  if (own === undefined ? 'user' in request : unlessTaken(own) === undefined) return
  const value = own?.value as null | undefined
  Object.defineProperty(prototype, 'user', createAccessor(value, false, rawOf))
  if (own !== undefined) Reflect.deleteProperty(request, 'user')
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

function createAccessor(
  value: null | undefined,
  enumerable: boolean,
  markedOf: (holder: object) => object = itself,
): PropertyDescriptor & ThisType<object> {
  return {
    configurable: true,
    enumerable,
    get: () => value,
    set(user: unknown) {
      if (user === value) return
      Object.defineProperty(this, 'user', { value: user, writable: true, enumerable: true, configurable: true })
      let exchange = exchangesOf(markedOf(this))
      for (; exchange !== undefined; exchange = exchange.other) exchange.askUser()
    },
  }
}

function itself(holder: object): object {
  return holder
}
