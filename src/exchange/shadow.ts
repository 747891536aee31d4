/** Any function that may stand as a method on an object. */
type Method = (...values: never[]) => unknown

class Layer {
  /** The method that lay beneath, the object's own or its prototype's; undefined where there was none. */
  readonly below: (Method & Layered) | undefined
  lifted = false

  constructor(below: (Method & Layered) | undefined) {
    this.below = below
  }
}

const layerKey: unique symbol = Symbol('griffier.layer')

interface Layered {
  [layerKey]?: Layer
}

/** Lays a method over the one that an object has, until it is lifted; gives that method. */
export function shadow<Laid extends Method>(target: object, name: string, method: Laid): Laid {
  const methods = target as Record<string, (Method & Layered) | undefined>
  const layered: Method & Layered = method
  layered[layerKey] = new Layer(methods[name])
  methods[name] = layered
  return method
}

/**
 * Puts what lay beneath a method back in its place; one that others have covered in the meantime goes when they are lifted. It
 * may be lifted twice.
 *
 * What the prototype had is put on the object itself, where it stays: from Node.js 22 on, V8 makes every object slow, for good, that a
 * property is deleted from, and a socket lives for many requests.
 */
export function lift(target: object, name: string, method: Method): void {
  const methods = target as Record<string, (Method & Layered) | undefined>
  const lifted = (method as Layered)[layerKey]
  if (lifted !== undefined) lifted.lifted = true
  let layer = methods[name]?.[layerKey]
  while (layer?.lifted) {
    methods[name] = layer.below
    layer = layer.below?.[layerKey]
  }
}
