import { exchangesOf, type Marked } from './marks.ts'

/**
 * Watches for the moment when authentication puts a user on the request: a logout may take it away again before the
 * response begins. Until then the request has an accessor of its own, which `Object.keys` does not show; from then on
 * it has the plain property that it would have had without us.
 */
export function watchUser(req: object): void {
  if (!('user' in req)) Object.defineProperty(req, 'user', userAccessor)
}

const userAccessor: PropertyDescriptor & ThisType<Marked> = {
  configurable: true,
  enumerable: false,
  get: () => undefined,
  set(user: unknown) {
    Object.defineProperty(this, 'user', { value: user, writable: true, enumerable: true, configurable: true })
    for (let exchange = exchangesOf(this); exchange !== undefined; exchange = exchange.other) exchange.askUser()
  },
}
