/** Any function that may stand as a method on an object. */
type Method = (...values: never[]) => unknown

class Layer {
  /** The object's own method that lay beneath; undefined where the prototype's did. */
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

/** Lays a method over the one that an object has, until it is lifted. */
export function shadow(target: object, name: string, method: Method): void {
  const methods = target as Record<string, (Method & Layered) | undefined>
  const layered: Method & Layered = method
  layered[layerKey] = new Layer(Object.hasOwn(target, name) ? methods[name] : undefined)
  methods[name] = layered
}

/** Takes a method away again; one that others have covered in the meantime goes when they are lifted. It may be lifted twice. */
export function lift(target: object, name: string, method: Method): void {
  const methods = target as Record<string, (Method & Layered) | undefined>
  const lifted = (method as Layered)[layerKey]
  if (lifted !== undefined) lifted.lifted = true
  let layer = methods[name]?.[layerKey]
  while (layer?.lifted) {
    // Deleting the property that was added last keeps the object fast, so methods are lifted in reverse order.
    if (layer.below === undefined) delete methods[name]
    else methods[name] = layer.below
    layer = Object.hasOwn(target, name) ? methods[name]?.[layerKey] : undefined
  }
}
