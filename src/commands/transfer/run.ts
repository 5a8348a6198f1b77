import { CommandError } from '../command-error.ts'
import { endWithUsage } from '../command-line.ts'
import { GatewayAdmin } from './gateway.ts'

/** Does the work of a command; a CommandError ends the process with 1 after its sentence. */
export async function withGateway(
  { url, token = process.env.GATEWAY_TOKEN }: { readonly url: string; readonly token?: string | undefined },
  work: (gateway: GatewayAdmin) => Promise<boolean>,
): Promise<never> {
  if (!token)
    endWithUsage(
      'the token of an admin is missing: --token or GATEWAY_TOKEN; `npm run token -- --admin` makes one',
    )
  const gateway = new GatewayAdmin(url, token)
  let succeeded = false
  try {
    succeeded = await work(gateway)
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    process.stderr.write(`${error.message}\n`)
  } finally {
    await gateway.close()
  }
  process.exit(succeeded ? 0 : 1)
}
