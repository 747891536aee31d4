/** What is done to a resource, in the words of the record. */
export interface Action {
  /** What was asked for; stands where it was not done. */
  readonly asked: string
  /** What was done. */
  readonly done: string
  /** What of the answer is shown: the object, the list, or nothing. */
  readonly shows: 'object' | 'list' | 'nothing'
}

/** The action that a method stands for, as REST has it; undefined for any other request. */
export function actionOf(name: string, method: string, hasKey: boolean): Action | undefined {
  switch (method) {
    case 'GET':
    case 'HEAD':
      return hasKey ? plain(`Retrieve ${name}`, 'object') : plain(`List ${name}`, 'list')
    case 'POST':
      // To one that is there already, it is an action of the app's own.
      if (hasKey) return undefined
      return { asked: `Create ${name} object`, done: `Created ${name} object`, shows: 'object' }
    case 'PUT':
      return plain(`Update of ${name}`, 'object')
    case 'PATCH':
      return plain(`Partial update of ${name}`, 'object')
    case 'DELETE':
      return plain(`Destroy ${name}`, 'nothing')
    default:
      return undefined
  }
}

function plain(text: string, shows: Action['shows']): Action {
  return { asked: text, done: text, shows }
}
