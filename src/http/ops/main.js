import { html, render } from './lib/html.js'
import { Workbench } from './pages/workbench.js'

const root = document.getElementById('workbench')
root.replaceChildren()
render(html`<${Workbench} />`, root)
