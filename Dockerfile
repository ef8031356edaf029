# Airflow with this project in it, and exactly the versions that requirements.lock names.
#
# slim: the full image brings some 90 providers at versions of its own; this one has only what Airflow itself
# needs, so that the lock decides about everything that runs here. The tag is Airflow's and Python's version;
# tests/compose holds it against requirements.txt.
FROM apache/airflow:slim-3.3.2-python3.12

# The base image's user is airflow (50000:0), and its pip refuses root. All that is made here belongs to group 0,
# so that the image also runs as any other user of that group (compose runs it as yours).
WORKDIR /opt/airflow

COPY --chown=airflow:0 requirements.txt requirements-celery.txt requirements.lock ./
RUN pip install --no-cache-dir --requirement requirements-celery.txt --constraint requirements.lock

# Editable, and that is the point: it puts /opt/airflow/plugins on the path, so that the package which Airflow's
# plugin folder holds and the one that Python imports are the same module, also when compose mounts the folder.
# A wheel in site-packages would win over the folder and silently ignore edits there; the folder alone, without
# the distribution's metadata, would give no connection form, because provider entry points are read before
# Airflow puts plugins/ on the path.
COPY --chown=airflow:0 pyproject.toml README.md LICENSE ./
COPY --chown=airflow:0 plugins plugins
RUN pip install --no-cache-dir --no-deps --editable .

# A named volume takes over owner and mode of the folder that it is mounted on.
RUN mkdir --mode=0770 auth && mkdir --mode=0775 sandbox stage

COPY --chown=airflow:0 include include
COPY --chown=airflow:0 dags dags
