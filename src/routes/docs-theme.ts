// What GET /docs has in addition to Swagger UI: a layout for phones, dark colours as the system wants them, and a way back to the page.

const js = `const viewport = document.createElement('meta');
viewport.name = 'viewport';
viewport.content = 'width=device-width, initial-scale=1';
document.head.append(viewport);

const dark = matchMedia('(prefers-color-scheme: dark)');
const setColours = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', setColours);
setColours();

const back = document.createElement('nav');
back.setAttribute('aria-label', 'Page');
const link = document.createElement('a');
link.href = new URL('../../../', document.currentScript.src);
link.textContent = '← Back to the page';
back.append(link);
document.body.prepend(back);
`;

const css = `body > nav { max-width: 1460px; margin: 0 auto; padding: 12px 20px 0; font: 14px system-ui, sans-serif; }
body > nav a { color: #43389f; }
html.dark-mode { background: #1c2022; color-scheme: dark; }
html.dark-mode body { background: none; }
html.dark-mode body > nav a { color: #b3a8ff; }
@media (max-width: 40rem) {
  .swagger-ui .wrapper { padding: 0 8px; }
  .swagger-ui .opblock .opblock-summary { flex-wrap: wrap; }
  .swagger-ui .opblock .opblock-summary-path { max-width: 100%; }
  .swagger-ui .parameters-container, .swagger-ui .responses-inner, .swagger-ui .opblock-section { overflow-x: auto; }
  .swagger-ui table.parameters, .swagger-ui table.parameters :is(tbody, tr, td) { display: block; width: auto; }
  .swagger-ui table.parameters thead { display: none; }
  .swagger-ui .model-box, .swagger-ui .json-schema-2020-12 { max-width: 100%; overflow-x: auto; overflow-wrap: anywhere; }
}
`;

export const theme = { css: [{ filename: 'theme.css', content: css }], js: [{ filename: 'theme.js', content: js }] };
