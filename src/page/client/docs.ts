/** Set by swagger-ui-bundle.js. */
declare const SwaggerUIBundle: (options: { url: string; dom_id: string }) => void;

SwaggerUIBundle({ url: 'docs-json', dom_id: '#api' });
