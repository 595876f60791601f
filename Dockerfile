# The application as a container; docs/running.md says how to run it.
#
# To run the game in the same container, derive an image from this one. What a dedicated server of Vintage Story needs is
# the .NET runtime of its version (1.20: 7, 1.21: 8, 1.22: 10) and libicu:
#
#   FROM vintagestory-metrics
#   USER root
#   RUN apt-get update && apt-get install -y --no-install-recommends libicu76 && rm -rf /var/lib/apt/lists/*
#   COPY --from=<Microsoft's image dotnet/runtime:8.0> /usr/share/dotnet /usr/share/dotnet
#   RUN ln -s /usr/share/dotnet/dotnet /usr/local/bin/dotnet
#   USER node

FROM node:24-trixie-slim AS build
WORKDIR /app
# Before the sources: a change of them does not install again.
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json nest-cli.json ./
COPY src src
RUN npm run build

FROM node:24-trixie-slim AS libraries
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:24-trixie-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends tini \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node /data
WORKDIR /app
COPY package.json ./
COPY --from=libraries /app/node_modules node_modules
COPY --from=build /app/dist dist
USER node
ENV NODE_ENV=production VS_API_HOST=0.0.0.0 VS_API_PORT=8080 VS_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
# The game is saved and stopped first, then the API ends; give it time (docker stop --time 90).
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.VS_API_PORT}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# tini waits for what the game leaves behind. -s: also where another container's first process is number 1.
ENTRYPOINT ["tini", "-s", "--"]
CMD ["node", "/app/dist/main.js"]
