# Node 24 runs TypeScript directly: nothing is compiled, the image holds the sources and the production dependencies.
FROM node:24-alpine AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund && npm cache clean --force

FROM node:24-alpine
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json default-settings.json ./
COPY src ./src
RUN rm -rf src/dev
# Of `node`, by number: Kubernetes can tell that it is not root only from a number.
USER 1000:1000
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 CMD ["node", "src/healthcheck.ts"]
CMD ["node", "src/server.ts"]
