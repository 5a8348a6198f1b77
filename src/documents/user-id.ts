/** Ids of users; those of the gateway's own documents start with @ and never match. */
export const USER_ID_PATTERN = '^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$'

const USER_ID = new RegExp(USER_ID_PATTERN)

export function isUserId(text: string): boolean {
  return USER_ID.test(text)
}
