import { applyDecorators } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { type z } from 'zod';
import { success } from './schemas.js';

/** Describes a route of the JSON API: what it does, and the `data` of its success. */
export const Answers = (summary: string, data: z.ZodType) =>
  applyDecorators(
    ApiOperation({ summary }),
    ApiOkResponse({ description: 'Success', standardSchema: success(data) }),
  );
