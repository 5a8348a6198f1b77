import t from 'tap'
import { startStack } from '../../helper/gateway.ts'
import { previewEqualsApply } from './property.ts'

t.test('the preview of random documents is what apply then does', async t => {
  const { gateway } = await startStack(t)
  const changes = await previewEqualsApply(gateway, 25)
  t.ok(changes > 25, `${changes} changes`)
})
