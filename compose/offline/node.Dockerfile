# Stands in for node where no registry can be reached: the host's Node.js, its libraries and npm. For build stages only.
ARG BASE
FROM ${BASE}
COPY node /
RUN ldconfig && ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
    npm_config_cafile=/etc/ssl/certs/ca-certificates.crt \
    npm_config_update_notifier=false
CMD ["node"]
