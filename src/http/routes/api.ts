/** The JSON API's version. */
export const API_VERSION = 'v1alpha1';

/** Where the JSON API lives; the page, health and exporters are outside of it. */
export const API_PREFIX = `api/${API_VERSION}`;
