# One image for the migrate job and every service: docker run wuxian serve ledger
FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/wuxian
ENV PATH=/opt/wuxian/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
# The project is built in an environment of its own: the image needs no build tools.
RUN python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY migrations migrations
COPY shared shared
COPY services services
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /tmp/wheel . \
 && pip install --no-cache-dir --no-deps --no-index /tmp/wheel/*.whl

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/wuxian wuxian \
 && install -d -o wuxian -g wuxian -m 0700 /var/lib/wuxian /var/lib/wuxian/identity \
    /var/lib/wuxian/identity-keys /var/lib/wuxian/console /var/lib/wuxian/secrets /var/lib/wuxian/secrets/identity \
    /var/lib/wuxian/secrets/collection /var/lib/wuxian/secrets/ledger \
    /var/lib/wuxian/secrets/payout
COPY --from=build /opt/wuxian /opt/wuxian
ENV PATH=/opt/wuxian/bin:$PATH PYTHONUNBUFFERED=1 \
    WUXIAN_HOME=/var/lib/wuxian WUXIAN_HOST=0.0.0.0
WORKDIR /var/lib/wuxian
USER wuxian
EXPOSE 8001 8002 8003 8004 8005 8010
STOPSIGNAL SIGTERM
ENTRYPOINT ["wuxian"]
CMD ["--help"]
