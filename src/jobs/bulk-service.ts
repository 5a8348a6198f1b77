import type { Versions } from '../consistency/versions.ts'
import type { RiskNote } from '../documents/risk.ts'
import type { Fault } from '../errors.ts'
import type { Precondition } from '../settings/service.ts'
import type { BulkState } from './bulk-ports.ts'

export interface BulkRequest {
  readonly document: string
  /** The patch, unchecked. */
  readonly data: unknown
  /** Conditions such as `mode.scalp:size.leverage>10`; none = all users. */
  readonly where?: readonly string[]
  readonly reason: string
}

/** A field that a bulk change would change. */
export interface BulkField extends RiskNote {
  readonly document: string
  readonly path: string
  readonly new: unknown
  /** Users whose value is another one. */
  readonly users: number
}

export interface BulkPreview {
  readonly applied: false
  /** Users who fit the conditions. */
  readonly users: number
  /** Of these, users with another value in one of the fields. */
  readonly changing: number
  readonly high_risk: number
  readonly medium_risk: number
  readonly low_risk: number
  readonly changes: readonly BulkField[]
}

/** A bulk change as callers see it. */
export interface BulkAnswer {
  readonly id: string
  readonly state: BulkState
  readonly document: string
  readonly data?: unknown
  readonly where: readonly string[]
  readonly reason: string
  readonly reverts?: string
  readonly created_by: string
  readonly created_at: string
  readonly ended_at?: string
  /** False while users are being listed: `total` grows until then. */
  readonly listed: boolean
  readonly total: number
  /** Users who have been carried out, `unchanged` of them without a change. */
  readonly done: number
  readonly unchanged: number
  readonly refused_total: number
  /** Null when it is not known, 0 when it has ended. */
  readonly eta_ms: number | null
  readonly failure?: string
}

export interface BulkDetails extends BulkAnswer {
  /** The first 100. */
  readonly refused: readonly { readonly user_id: string; readonly errors: readonly Fault[] }[]
}

/** What the routes of bulk changes call. */
export interface BulkService {
  /** `ifMatch`: the tag of a dry run; users whose document was changed since are refused. */
  create(caller: string, request: BulkRequest, precondition: Precondition): Promise<BulkAnswer>
  /** `versions` make the tag of the dry run. */
  preview(request: BulkRequest): Promise<{ readonly preview: BulkPreview; readonly versions: Versions }>
  get(id: string): Promise<BulkDetails>
  list(): Promise<{ readonly bulk_changes: readonly BulkAnswer[] }>
  /** Users who were changed stay so. CONFLICT when it has ended. */
  cancel(id: string): Promise<BulkDetails>
  /** Makes a bulk change that takes another one back. CONFLICT while that one runs. */
  revert(caller: string, id: string): Promise<BulkAnswer>
}
