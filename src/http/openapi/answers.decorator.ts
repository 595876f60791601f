import { applyDecorators } from '@nestjs/common';
import { type z } from 'zod';
import { Describe } from './describe.decorator.js';
import { success } from './schemas.js';

/** Describes a route of the JSON API: what it does, and the `data` of its success. */
export const Answers = (summary: string, data: z.ZodType) =>
  applyDecorators(
    Describe((api) => api.ApiOperation({ summary })),
    Describe((api) => api.ApiOkResponse({ description: 'Success', standardSchema: success(data) })),
  );
