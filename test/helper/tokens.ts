import { createSigner } from 'fast-jwt'
import { JWT_SECRET } from './gateway.ts'

/** Headers of a user or admin with a token that expires in an hour, or as told. */
export function bearer(sub: string, role?: 'admin', seconds = 60 * 60): { authorization: string } {
  return {
    authorization: `Bearer ${tokenOf(JWT_SECRET, { sub, ...(role === undefined ? {} : { role }) }, seconds)}`,
  }
}

/** A token with these claims that expires in an hour, or as told. */
export function tokenOf(secret: string, claims: object, seconds = 60 * 60): string {
  return createSigner({ key: secret, expiresIn: seconds * 1_000 })(claims)
}

export const ADMIN = bearer('7', 'admin')

/** The token of a user with more claims. */
export function userToken(sub: string, claims: object = {}): string {
  return createSigner({ key: JWT_SECRET, expiresIn: 60 * 60 * 1_000 })({ sub, ...claims })
}
